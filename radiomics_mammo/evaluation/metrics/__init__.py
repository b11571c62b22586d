"""What the predictions are worth, with intervals that know who belongs to whom."""
