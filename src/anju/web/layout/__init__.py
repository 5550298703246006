"""What every page stands in: the frame, the tokens and components, languages, who is looking, what a page may load."""
