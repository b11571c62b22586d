"""What several feature families use."""
