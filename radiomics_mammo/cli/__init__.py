"""Options and output of the commands."""
