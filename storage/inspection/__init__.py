"""Inspection: looks at the files of logs for a person whose disk is broken, and repairs them."""
