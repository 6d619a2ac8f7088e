"""One self-contained HTML file that says what a comparison found."""
