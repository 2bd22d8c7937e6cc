"""What arrived, as it was delivered."""
