"""Graded spikes: one spike of every channel that is not dark, which carries the intensity.

When a stimulus epoch begins, a channel spikes once, and what a spike does, this one does `multiplicity` times: as often
as the intensity, from 0 to 1, says.  Digital neuromorphic chips have such spikes (Orchard et al. 2021, arXiv
2111.03746).  They go with neurons that keep their input for as long as it lasts, such as `settling`.

Ranges: dark, up to which a channel is silent, 0..0.1.
"""

equations = "multiplicity : 1                        # what a spike counts for"
at_epoch_start = "multiplicity = intensity"
threshold = "t_in_epoch < 0.5*dt and intensity > dark"
spikes = "early"
parameters = {"dark": 0.0}
limits = "0 <= dark < 1"
