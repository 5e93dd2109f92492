"""Leaky integrate-and-fire neuron whose threshold adapts, from mini-batch to mini-batch, until it spikes enough.

    tau_m dv/dt = I - v,    tau_syn dI/dt = -I;    input spike:  I += w;    spike when v > th:  v -= th

The threshold belongs to the neuron or, in a convolution, to the channel: all of its positions have the same, as they
have the same kernel.  With every step of the optimizer it moves towards the mean number of spikes that is wanted,

    th <- th*exp(adapt*clip(spikes/wanted - 1, -1, 1))

where `spikes` is the mean over the stimulus epochs of the mini-batch, and the positions.  This is homeostasis: without
it convolutions fall silent while they learn (compare Diehl & Cook 2015, Front. Comput. Neurosci. 9:99, where thresholds
rise with every spike).  Activity itself is normalised by `gain_below`, as in lif.

Ranges: wanted 0.1..2 spikes in a stimulus epoch; adapt 0.01..0.1; th_min and th_max a tenth and ten times v_th; the
others as in lif.
"""

base = "lif"
equations = """
dv/dt = (gain_below*I_syn - v)/tau_m : 1     # membrane potential, in units of the threshold at the start
dI_syn/dt = -I_syn/tau_syn : 1               # synaptic current
count : 1                                    # spikes in this stimulus epoch
"""
threshold = "v > th_channel"
reset = """
v -= th_channel
count += 1
"""
initial = {"count": 0}
channel = """
th : 1                                       # threshold
total : 1                                    # spikes since the last step of the optimizer
seen : 1                                     # stimulus epochs of single neurons since then
"""
channel_initial = {"th": "v_th"}
channel_at_epoch_end = """
total += count_pre
seen += 1
"""
channel_at_update = """
surplus = clip(total/(wanted*clip(seen, 1, inf)) - 1, -1, 1)
th = clip(th*exp(adapt*surplus), th_min, th_max)
total = 0
seen = 0
"""
surrogate = "1/(1 + abs(v - th_channel)/width)**2"  # pseudo-derivative, for rules that ask for one
parameters = {"th_min": 0.05, "th_max": 5.0, "wanted": 0.5, "adapt": 0.05}
limits = """
1*us <= tau_m <= 1000*second
1*us <= tau_syn <= 1000*second
0 < width <= 1e6
0 < th_min <= v_th
v_th <= th_max <= 1e6
0 < wanted <= 1e6
0 <= adapt <= 10
"""
