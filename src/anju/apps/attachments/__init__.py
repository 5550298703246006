"""Files that prove something: photos and documents, checked, encrypted, known by their hash, with small pictures of themselves."""
