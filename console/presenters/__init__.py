"""What a page says about a state: words, icons, tones. Pure, and total over the states."""
