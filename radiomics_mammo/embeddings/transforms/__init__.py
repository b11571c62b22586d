"""From an image to a network's input, one step a file."""
