"""What ``cauce consume`` is asked, and how it is done."""
