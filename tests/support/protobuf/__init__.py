"""What the tests of Protobuf schemas share."""
