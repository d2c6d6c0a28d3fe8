"""Programs that show what is promised: each part does one thing for long, and says what was lost or doubled."""
