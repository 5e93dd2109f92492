{# For each spike: on_pre code along a row of the matrix, or on_post code along a column. #}
{% extends 'common_group.cpp' %}
{% from 'dense_indices.cpp' import indices %}
{% block maincode %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}

    {% if delay_steps %}
    {# A ring of delay_steps + 1 spike lists: this step's goes in, and the oldest comes out. #}
    {% set slot = n_spiking + 1 %}
    const int64_t _step = {{t_in_timesteps}};
    int32_t* _newest = {{_ring}} + (_step % {{delay_steps + 1}}) * {{slot}};
    std::copy({{_spikespace}}, {{_spikespace}} + {{_spikespace}}[{{n_spiking}}], _newest);
    _newest[{{n_spiking}}] = {{_spikespace}}[{{n_spiking}}];
    const int32_t* _events = {{_ring}} + ((_step + 1) % {{delay_steps + 1}}) * {{slot}};
    {% else %}
    const int32_t* _events = {{_spikespace}};
    {% endif %}
    const int32_t _num_events = _events[{{n_spiking}}];
    {% set n_own = n_pre if side == 'pre' else n_post %}
    for (int32_t _event = 0; _event < _num_events; _event++)
    {
        {% if batch > 1 %}
        const size_t _entry_idx = _events[_event] / {{n_own}};
        {% else %}
        const size_t _entry_idx = 0;
        {% endif %}
        const size_t _own = _events[_event] - _entry_idx*{{n_own}};
        {% if side == 'pre' %}
        const size_t _row = _own;
        const size_t _presynaptic_idx = _events[_event];
        #pragma GCC ivdep
        for (size_t _col = 0; _col < {{n_post}}; _col++)
        {
            const size_t _postsynaptic_idx = _entry_idx*{{n_post}} + _col;
        {% else %}
        const size_t _col = _own;
        const size_t _postsynaptic_idx = _events[_event];
        #pragma GCC ivdep
        for (size_t _row = 0; _row < {{n_pre}}; _row++)
        {
            const size_t _presynaptic_idx = _entry_idx*{{n_pre}} + _row;
        {% endif %}
            {{indices(n_pre, n_post)}}
            {{vector_code|autoindent}}
        }
    }
{% endblock %}
