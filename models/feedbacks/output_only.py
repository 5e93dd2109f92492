"""No feedback: hidden layers stay as they were drawn, and only the output layer learns."""
