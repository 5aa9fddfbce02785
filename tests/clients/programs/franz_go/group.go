// `group BOOTSTRAP GROUP TOPIC STRATEGY`: a member of a group that commits what it has been given,
// says what it sees as lines of JSON, and leaves at SIGTERM.
package main

import (
	"context"
	"encoding/json"
	"os"
	"os/signal"
	"sort"
	"syscall"
	"time"
	"unsafe"

	"github.com/twmb/franz-go/pkg/kgo"
)

const session = 2 * time.Second

// member is what one member knows. Its maps change in the loop and in the client's callbacks, which
// never run while the loop has records (BlockRebalanceOnPoll).
type member struct {
	client *kgo.Client
	topic  string
	owned  map[int32]bool
	owed   map[int32]int64
}

func group(bootstrap, name, topic, strategy string) {
	one := &member{topic: topic, owned: map[int32]bool{}, owed: map[int32]int64{}}
	options := []kgo.Opt{
		kgo.SeedBrokers(bootstrap), kgo.ConsumerGroup(name), kgo.ConsumeTopics(topic),
		kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.BlockRebalanceOnPoll(), kgo.SessionTimeout(session), kgo.HeartbeatInterval(session / 7),
		kgo.OnPartitionsAssigned(one.assigned), kgo.OnPartitionsRevoked(one.lost), kgo.OnPartitionsLost(one.lost),
	}
	if strategy == "range" {
		options = append(options, kgo.Balancers(kgo.RangeBalancer()))
	}
	client, err := kgo.NewClient(options...)
	check(err == nil, "client", err)
	one.client = client
	stopped, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	for stopped.Err() == nil {
		one.poll(stopped)
	}
	client.CloseAllowingRebalance()
}

func (one *member) poll(stopped context.Context) {
	waiting, cancel := context.WithTimeout(stopped, 200*time.Millisecond)
	defer cancel()
	one.client.PollRecords(waiting, 50).EachRecord(func(record *kgo.Record) {
		say("got", map[string]any{"partition": record.Partition, "offset": record.Offset})
		one.owed[record.Partition] = record.Offset + 1
	})
	// A commit that is refused is tried again while it has the partition.
	if len(one.owed) > 0 {
		trying, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := one.client.CommitUncommittedOffsets(trying); err != nil {
			say("refused", map[string]any{"why": err.Error()})
		} else {
			for partition, end := range one.owed {
				say("committed", map[string]any{"partition": partition, "offset": end})
			}
			one.owed = map[int32]int64{}
		}
	}
	one.client.AllowRebalance()
}

func (one *member) assigned(_ context.Context, _ *kgo.Client, got map[string][]int32) {
	numbers := []int{}
	for _, number := range got[one.topic] {
		one.owned[number] = true
	}
	for number := range one.owned {
		numbers = append(numbers, int(number))
	}
	sort.Ints(numbers)
	say("assigned", map[string]any{"partitions": numbers})
}

func (one *member) lost(_ context.Context, _ *kgo.Client, gone map[string][]int32) {
	for _, number := range gone[one.topic] {
		delete(one.owned, number)
		delete(one.owed, number)
	}
}

func say(what string, line map[string]any) {
	line["what"], line["at"] = what, monotonic()
	text, err := json.Marshal(line)
	check(err == nil, "line", err)
	os.Stdout.Write(append(text, '\n'))
}

// monotonic returns the machine's monotonic time in seconds, which the other members use too.
func monotonic() float64 {
	var now syscall.Timespec
	const clockMonotonic = 1
	_, _, failed := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0)
	check(failed == 0, "clock", failed)
	return float64(now.Sec) + float64(now.Nsec)/1e9
}
