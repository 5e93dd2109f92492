{# For each spike: on_pre code along the runs of the kernel that the source neuron meets. #}
{% extends 'common_group.cpp' %}
{% from 'convolution_walk.cpp' import tables, walk %}
{% from 'spikes.cpp' import spikes %}
{% block maincode %}
    {{tables(_convolution)}}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    {{spikes(_n_spiking, _delay_steps, _has_since, _spikespace, _ring, _since, t_in_timesteps)}}
    for (int32_t _event = 0; _event < _num_events; _event++)
    {
        const size_t _presynaptic_idx = _events[_event];
        const size_t _entry_idx = _presynaptic_idx / {{_n_pre}};
        const size_t _own = _presynaptic_idx % {{_n_pre}};
        {{walk(_convolution, vector_code)}}
    }
{% endblock %}
