{# For each spike: on_pre code along a row of the matrix, or on_post code along a column. #}
{% extends 'common_group.cpp' %}
{% from 'dense_indices.cpp' import indices %}
{% from 'spikes.cpp' import spikes %}
{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    {# what is the same for all synapses of the spike; GCC does not see it #}
    {% set code = split(vector_code, ['_entry_idx', '_presynaptic_idx' if _side == 'pre' else '_postsynaptic_idx']) %}
    {{spikes(_n_spiking, _delay_steps, _has_since, _spikespace, _ring, _since, t_in_timesteps)}}
    {% set n_own = _n_pre if _side == 'pre' else _n_post %}
    for (int32_t _event = 0; _event < _num_events; _event++)
    {
        {% if _batch > 1 %}
        const size_t _entry_idx = _events[_event] / {{n_own}};
        {% else %}
        const size_t _entry_idx = 0;
        {% endif %}
        const size_t _own = _events[_event] - _entry_idx*{{n_own}};
        {% if _side == 'pre' %}
        const size_t _row = _own;
        const size_t _presynaptic_idx = _events[_event];
        {{code.before|autoindent}}
        {% if _partial == 'others' %}
        // before the synapse of the neuron to itself, and after it
        for (int _part = 0; _part < 2; _part++)
        #pragma GCC ivdep
        for (size_t _col = _part ? _row + 1 : 0; _col < (_part ? {{_n_post}} : _row); _col++)
        {% else %}
        #pragma GCC ivdep
        for (size_t _col = 0; _col < {{_n_post}}; _col++)
        {% endif %}
        {
            const size_t _postsynaptic_idx = _entry_idx*{{_n_post}} + _col;
        {% else %}
        const size_t _col = _own;
        const size_t _postsynaptic_idx = _events[_event];
        {{code.before|autoindent}}
        {% if _partial == 'others' %}
        // before the synapse of the neuron to itself, and after it
        for (int _part = 0; _part < 2; _part++)
        #pragma GCC ivdep
        for (size_t _row = _part ? _col + 1 : 0; _row < (_part ? {{_n_pre}} : _col); _row++)
        {% else %}
        #pragma GCC ivdep
        for (size_t _row = 0; _row < {{_n_pre}}; _row++)
        {% endif %}
        {
            const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
        {% endif %}
            {{indices(_n_pre, _n_post)}}
            {% if _partial and _partial != 'others' %}
            if (!{{_present}}[_idx])
                continue;
            {% endif %}
            {{code.inside|autoindent}}
        }
        {{code.after|autoindent}}
    }
{% endblock %}
