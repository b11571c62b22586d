"""What ``python -m benchmarks`` measures, one question a file."""
