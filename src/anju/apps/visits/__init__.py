"""What was seen at the door: visits planned and made, what was asked and answered, and how much was asked of whom."""
