"""What is fitted inside a fold: preparation, selection, resampling, tuning, calibration."""
