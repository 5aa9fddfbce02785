// franz-go, as `round-trip BOOTSTRAP` (writes with every codec, reads back, administers) or as a
// member of a group (see group.go).
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

const count = 2000

func main() {
	if os.Args[1] == "group" {
		group(os.Args[2], os.Args[3], os.Args[4], os.Args[5])
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	for name, codec := range codecs {
		roundTrip(ctx, os.Args[2], "franz-"+name, codec)
	}
	administer(ctx, os.Args[2])
	fmt.Println("everything held")
}

func roundTrip(ctx context.Context, bootstrap, topic string, codec kgo.CompressionCodec) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap), kgo.ProducerBatchCompression(codec), kgo.AllowAutoTopicCreation(),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
	check(err == nil, "client", err)
	defer client.Close()
	for number := 0; number < count; number++ {
		text := []byte(fmt.Sprint(number))
		record := &kgo.Record{Topic: topic, Key: text, Value: text, Headers: []kgo.RecordHeader{{Key: "h", Value: text}}}
		client.Produce(ctx, record, func(_ *kgo.Record, err error) { check(err == nil, "produce", err) })
	}
	check(client.Flush(ctx) == nil, "flush", nil)
	reader, err := kgo.NewClient(
		kgo.SeedBrokers(bootstrap), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}),
	)
	check(err == nil, "reader", err)
	defer reader.Close()
	for seen := 0; seen < count; {
		fetches := reader.PollFetches(ctx)
		check(len(fetches.Errors()) == 0, "fetch", fetches.Errors())
		fetches.EachRecord(func(record *kgo.Record) {
			text := fmt.Sprint(seen)
			check(string(record.Key) == text && string(record.Value) == text, "record", seen)
			check(record.Offset == int64(seen) && string(record.Headers[0].Value) == text, "place", seen)
			seen++
		})
	}
}

func administer(ctx context.Context, bootstrap string) {
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap))
	check(err == nil, "client", err)
	defer client.Close()
	admin := kadm.NewClient(client)
	made, err := admin.CreateTopic(ctx, 2, 1, map[string]*string{"retention.ms": kadm.StringPtr("77")}, "franz-admin")
	check(err == nil && made.Err == nil, "create", err)
	_, err = admin.UpdatePartitions(ctx, 4, "franz-admin")
	check(err == nil, "partitions", err)
	topics, err := admin.ListTopics(ctx, "franz-admin")
	check(err == nil && len(topics["franz-admin"].Partitions) == 4, "list", err)
	ends, err := admin.ListEndOffsets(ctx, "franz-none")
	check(err == nil && ends["franz-none"][0].Offset == count, "ends", err)
	deleted, err := admin.DeleteTopics(ctx, "franz-admin")
	check(err == nil && deleted["franz-admin"].Err == nil, "delete", err)
}

func check(holds bool, what string, detail any) {
	if !holds {
		panic(fmt.Sprint(what, ": ", detail))
	}
}
