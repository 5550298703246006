"""The standards language: read, check, compile to SQL, say what it means."""
