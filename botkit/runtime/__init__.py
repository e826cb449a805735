"""Where the parts are put together and kept alive: live, paper, backtest, replay, demo."""
