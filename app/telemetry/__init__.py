"""What the process says about itself: clock, logs."""
