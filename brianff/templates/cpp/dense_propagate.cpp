{# For each spike of the source, on_pre code on one contiguous row of the matrix. #}
{% extends 'common_group.cpp' %}
{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    const int32_t* _events = {{_spikespace}};
    const int32_t _num_events = _events[{{n_source}}];
    for (int32_t _event = 0; _event < _num_events; _event++)
    {
        const int32_t _presynaptic_idx = _events[_event];
        {% if batch > 1 %}
        const int32_t _entry = _presynaptic_idx / {{n_pre}};
        const size_t _row = (size_t)(_presynaptic_idx - _entry*{{n_pre}}) * {{n_post}};
        const size_t _target = (size_t)_entry * {{n_post}};
        const size_t _entry_idx = _entry;
        {% else %}
        const size_t _row = (size_t)_presynaptic_idx * {{n_post}};
        const size_t _target = 0;
        const size_t _entry_idx = 0;
        {% endif %}
        #pragma GCC ivdep
        for (size_t _col = 0; _col < {{n_post}}; _col++)
        {
            const size_t _idx = _row + _col;
            const size_t _postsynaptic_idx = _target + _col;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
