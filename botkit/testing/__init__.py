"""What strategy authors and botkit itself test with."""
