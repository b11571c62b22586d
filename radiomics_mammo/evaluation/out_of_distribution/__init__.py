"""Out-of-distribution detection: cases and tables unlike those that a model was trained on."""
