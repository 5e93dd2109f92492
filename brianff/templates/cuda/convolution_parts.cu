{# A thread owns a target neuron of an entry: loop over the source neurons of its field, in their order. #}
{# `spiked`: only those whose bit is set in _spiked. #}
{% macro field(of, code, spiked) %}
    const size_t _out = _col % {{of.channels_post}};
    const int _top = (int)(_col / {{of.width_post*of.channels_post}})*{{of.stride}} - {{of.padding}};
    const int _left = (int)(_col / {{of.channels_post}} % {{of.width_post}})*{{of.stride}} - {{of.padding}};
    const int _x0 = max(0, _left), _x1 = min({{of.width_pre}}, _left + {{of.size}});
    for (int _ky = max(0, -_top); _ky < min({{of.size}}, {{of.height_pre}} - _top); _ky++)
    {
        const int _begin = ((_top + _ky)*{{of.width_pre}} + _x0)*{{of.channels_pre}};
        const int _end = ((_top + _ky)*{{of.width_pre}} + _x1)*{{of.channels_pre}};
        {% if spiked %}
        for (int _word = _begin/32; _word <= (_end - 1)/32; _word++)
        for (unsigned int _bits = _spiked[_word]; _bits; _bits &= _bits - 1)
        {
            const int _own = 32*_word + __ffs(_bits) - 1;
            if (_own < _begin || _own >= _end)
                continue;
        {% else %}
        for (int _own = _begin; _own < _end; _own++)
        {
        {% endif %}
            const size_t _row = _own;
            const size_t _presynaptic_idx = _entry_idx*{{of.n_pre}} + _row;
            const size_t _in = _row % {{of.channels_pre}};
            const int _kx = (int)(_row / {{of.channels_pre}} % {{of.width_pre}}) - _left;
            const size_t _idx = ((_in*{{of.size}} + _ky)*{{of.size}} + _place[_kx])*{{of.channels_post}} + _out;
            const size_t _vectorisation_idx = _idx;
            {{code|autoindent}}
        }
    }
{% endmacro %}

{% macro places(of) %}
    const int _place[] = { {{of.places|join(', ')}} };
{% endmacro %}
