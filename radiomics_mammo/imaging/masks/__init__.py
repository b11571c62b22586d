"""What a mask file means, and where it lies."""
