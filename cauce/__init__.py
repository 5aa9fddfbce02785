"""What users import and type: the command line and the client. Reaches the broker over the network only."""
