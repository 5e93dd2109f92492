{# For each spike: on_pre code along a row of the matrix, or on_post code along a column. #}
{% extends 'common_group.cpp' %}
{% from 'dense_indices.cpp' import indices %}
{% from 'spikes.cpp' import spikes %}
{% from 'strips.cpp' import in_strips %}
{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    {% set of_pre = '_row', '_presynaptic_idx', _n_pre %}
    {% set of_post = '_col', '_postsynaptic_idx', _n_post %}
    {% set (own, own_idx, n_own), (other, other_idx, n_other) = (of_pre, of_post) if _side == 'pre' else (of_post, of_pre) %}
    {# what is the same for all synapses of the spike; GCC does not see it #}
    {% set code = split(vector_code, ['_entry_idx', own_idx]) %}
    {{spikes(_n_spiking, _delay_steps, _has_since, _spikespace, _ring, _since, t_in_timesteps)}}
    for (int32_t _event = 0; _event < _num_events; _event++)
    {
        {% if _batch > 1 %}
        const size_t _entry_idx = _events[_event] / {{n_own}};
        {% else %}
        const size_t _entry_idx = 0;
        {% endif %}
        const size_t {{own}} = _events[_event] - _entry_idx*{{n_own}};
        const size_t {{own_idx}} = _events[_event];
        {{code.before|autoindent}}
        {% set one_synapse %}
            const size_t {{other_idx}} = _entry_idx*{{n_other}} + {{other}};
            {{indices(_n_pre, _n_post)}}
            {% if _partial and _partial != 'others' %}
            if (!{{_present}}[_idx])
                continue;
            {% endif %}
            {{code.inside|autoindent}}
        {% endset %}
        {% if not _partial %}
        // the row or column of the next spike but one
        const size_t _later = _events[std::min(_event + 2, _num_events - 1)] % {{n_own}} * {{n_other}};
        {% set later = [] %}
        {% for array in read_at(code.inside, '_idx' if _side == 'pre' else '_post_major_idx') %}
        {% set _ = later.append(array ~ ' + _later') %}
        {% endfor %}
        {% call in_strips(other, 0, n_other, later) %}
{{one_synapse}}
        {% endcall %}
        {% elif _partial == 'others' %}
        // before the synapse of the neuron to itself, and after it
        for (int _part = 0; _part < 2; _part++)
        #pragma GCC ivdep
        for (size_t {{other}} = _part ? {{own}} + 1 : 0; {{other}} < (_part ? {{n_other}} : {{own}}); {{other}}++)
        {
{{one_synapse}}
        }
        {% else %}
        #pragma GCC ivdep
        for (size_t {{other}} = 0; {{other}} < {{n_other}}; {{other}}++)
        {
{{one_synapse}}
        }
        {% endif %}
        {{code.after|autoindent}}
    }
{% endblock %}
