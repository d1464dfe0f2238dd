"""From a raw recording to the signal that is analysed, with a record of what was done to it."""
