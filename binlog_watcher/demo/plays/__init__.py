"""What the demo's shoppers do, by what it is about; each play states what must come of it."""
