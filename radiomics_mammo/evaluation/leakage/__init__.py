"""What would have betrayed a mistake, and what each mistake would have been worth."""
