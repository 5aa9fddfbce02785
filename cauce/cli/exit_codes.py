"""What the command's exit status says; part of what it promises (docs/cli.md)."""

OK = 0
REFUSED = 1
"""The server refused the request, or some of the records, or the output could not be written."""

USAGE = 2
UNREACHABLE = 3
"""No server answered, or not to the end: what was on its way may or may not have been done."""

RECORDS_LOST = 4
"""``cauce log`` found records that are damaged or missing."""

SIGNALLED = 128
"""Plus the number of the signal that ended the command."""
