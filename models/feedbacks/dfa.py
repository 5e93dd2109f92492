"""Direct feedback alignment (Nokland 2016, arXiv 1609.01596): random feedback weights that never change.

They are drawn uniformly from -F_range to F_range.
"""

synapse = "F : 1                               # feedback weight, from an output to a hidden neuron"
initial_limit = {"F": "F_range"}
at_epoch_end = "delta_post += F*delta_pre"
parameters = {"F_range": 1.0}
limits = "0 <= F_range <= 1000"
