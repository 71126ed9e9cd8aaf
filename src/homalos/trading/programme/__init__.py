"""What the exchanges count of programme trading, counted here before they do (FACTS A21)."""
