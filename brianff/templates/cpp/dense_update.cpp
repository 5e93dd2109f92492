{# USES_VARIABLES { } #}
{# ALLOWS_SCALAR_WRITE #}
{# Code on the whole matrix, for each batch entry where it names neurons; rows without presynaptic activity skipped. #}
{# Then, some rows at a time while they are in the cache, code that runs once for each synapse. #}
{% extends 'common_group.cpp' %}
{% from 'conditions.cpp' import leave, when_due with context %}
{% from 'dense_indices.cpp' import indices %}
{% from 'processes.cpp' import alone, blocks_of_rows, entries, together with context %}
{% from 'dense_rows.cpp' import declared, each_synapse, elsewhere, in_memory, in_registers with context %}

{% block maincode %}
    {% set scalar = scalar_code if scalar_code is mapping else {'update': scalar_code} %}
    {% set vector = vector_code if vector_code is mapping else {'update': vector_code} %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{when_due(scalar, _has_condition, _has_then, _has_then_condition)}}

    {% if _per_entry %}
    std::vector<uint32_t> _room(16*{{_batch}});
    uint32_t* const _active = _room.data();  // entries in which each of 16 rows is active
    {% endif %}
    {# Each piece of code has scalars of its own, under the same names: a function for each that captures them, and is #}
    {# compiled by itself: within one function they take registers from each other. #}
    auto _make_update = [&]()
    {
        {{scalar['update']|autoindent}}
        {% if _has_rows %}
        {{scalar['rows']|autoindent}}
        {% endif %}
        return [=](size_t _first_row, size_t _last_row{{declared()}}) __attribute__((noinline))
        {
        {% if _per_entry %}
            {% set tile = [128, _n_post]|min %}
            size_t _n_active[16] = {};
            for (size_t _row = _first_row; _row < _last_row; _row++)
            {
                size_t& _n = _n_active[_row - _first_row];
                {{entries(_shared_out)}}
                {
                    {% if _has_rows %}
                    const size_t _presynaptic_idx = _entry_idx*{{_n_pre}} + _row;
                    const size_t _idx = _row*{{_n_post}};
                    {{vector['rows']|autoindent}}
                    _active[(_row - _first_row)*{{_batch}} + _n] = _entry_idx;
                    _n += _row_active;
                    {% else %}
                    _active[(_row - _first_row)*{{_batch}} + _n++] = _entry_idx;
                    {% endif %}
                }
            }
            {# columns of all entries that the first-level cache holds while the rows pass #}
            for (size_t _first_col = 0; _first_col < {{_n_post}}; _first_col += {{tile}})
            for (size_t _row = _first_row; _row < _last_row; _row++)
            {
                const uint32_t* _entries = _active + (_row - _first_row)*{{_batch}};
                const size_t _n = _n_active[_row - _first_row];
                if (!_n)
                    continue;
                {% if _n_post % tile %}
                if (_first_col + {{tile}} > {{_n_post}})
                {
                    {{in_registers(_n_post % tile)}}
                    continue;
                }
                {% endif %}
                {{in_registers(tile)}}
            }
        {% else %}
            const size_t _entry_idx = 0;
            {{each_synapse(vector['update'])}}
        {% endif %}
        };
    };
    {% if _has_then %}
    auto _make_then = [&]()
    {
        {{scalar['then']|autoindent}}
        return [=](size_t _first_row, size_t _last_row{{declared()}}) __attribute__((noinline))
        {
            const size_t _entry_idx = 0;
            {{each_synapse(vector['then'])}}
        };
    };
    {% if _cleared %}
    {# Zero before and after, it is neither fetched from memory nor written there: these rows stay in the cache. #}
    static bool _is_zero = false;
    {% for variable in _cleared %}
    static std::vector<{{c_data_type(variable.dtype)}}> _held_{{loop.index}}(16*{{_n_post}});
    {% endfor %}
    {% endif %}
    if (_due && _then_due)
    {
        const auto _update_rows = _make_update();
        const auto _then_rows = _make_then();
        {{together(_shared_out)}}
        {{alone(_shared_out)}}
        {{blocks_of_rows(_shared_out)}}
        {
            const size_t _last_row = std::min<size_t>(_first_row + 16, {{_n_pre}});
            {% for variable in _cleared %}
            {% set type = c_data_type(variable.dtype) %}
            {{type}}* const _rows_{{loop.index}} = !_is_zero ? {{get_array_name(variable)}} :
                ({{type}}*)((uintptr_t)_held_{{loop.index}}.data() - _first_row*{{_n_post}}*sizeof({{type}}));
            {% endfor %}
            _update_rows(_first_row, _last_row{{elsewhere()}});
            _then_rows(_first_row, _last_row{{elsewhere()}});
        }
        {% if _cleared %}
        _is_zero = true;
        {% endif %}
        {{together(_shared_out)}}
        {{leave()}}
    }
    if (_then_due)
    {
        const auto _then_rows = _make_then();
        {{together(_shared_out)}}
        {{alone(_shared_out)}}
        {{blocks_of_rows(_shared_out)}}
            _then_rows(_first_row, std::min<size_t>(_first_row + 16, {{_n_pre}}){{in_memory()}});
        {% if _cleared %}
        _is_zero = true;
        {% endif %}
        {{together(_shared_out)}}
        {{leave()}}
    }
    {% endif %}
    const auto _update_rows = _make_update();
    {{together(_shared_out)}}
    {{alone(_shared_out)}}
    {{blocks_of_rows(_shared_out)}}
        _update_rows(_first_row, std::min<size_t>(_first_row + 16, {{_n_pre}}){{in_memory()}});
    {% if _cleared %}
    _is_zero = false;
    {% endif %}
    {{together(_shared_out)}}
{% endblock %}
