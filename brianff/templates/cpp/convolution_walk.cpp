{# From a source neuron to all that it reaches (see network/convolution.py). #}
{% macro tables(of) %}
{% for name, values in of.tables.items() %}
    static const int32_t _{{name}}[] = { {{values|join(', ')}} };
{% endfor %}
{%- endmacro %}
{# _own: the neuron's number in its entry.  What it reaches in one row of the target is one run of memory. #}
{% macro walk(of, code) %}
        const size_t _source_channel = _own % {{of.channels_pre}};
        const size_t _y = _own / {{of.channels_pre*of.width_pre}};
        const size_t _x = _own / {{of.channels_pre}} % {{of.width_pre}};
        const size_t _run = _column_count[_x]*{{of.channels_post}};
        for (int32_t _k = 0; _k < _row_count[_y]; _k++)
        {
            const size_t _target = ((_row_first[_y] + _k)*{{of.width_post}} + _column_first[_x])*{{of.channels_post}};
            const size_t _kernel = ((_source_channel*{{of.size}} + _row_kernel[_y] - _k*{{of.stride}})*{{of.size}} + _column_kernel[_x])*{{of.channels_post}};
            #pragma GCC ivdep
            for (size_t _q = 0; _q < _run; _q++)
            {
                const size_t _row = _own;
                const size_t _col = _target + _q;
                const size_t _idx = _kernel + _q;
                const size_t _postsynaptic_idx = _entry_idx*{{of.n_post}} + _col;
                const size_t _vectorisation_idx = _idx;
                {{code|autoindent}}
            }
        }
{%- endmacro %}
