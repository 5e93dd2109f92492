{# The spikes of this step, or with a delay those that arrive in it: _events, _num_events. #}
{% macro spikes(n_spiking, delay_steps, has_since, spikespace, ring, since, now) %}
    {% if delay_steps %}
    {# A ring of delay_steps + 1 spike lists: this step's goes in, and the oldest comes out. #}
    {% set slot = n_spiking + 1 %}
    const int64_t _step = {{now}};
    int32_t* _newest = {{ring}} + (_step % {{delay_steps + 1}}) * {{slot}};
    std::copy({{spikespace}}, {{spikespace}} + {{spikespace}}[{{n_spiking}}], _newest);
    _newest[{{n_spiking}}] = {{spikespace}}[{{n_spiking}}];
    const int32_t* _events = {{ring}} + ((_step + 1) % {{delay_steps + 1}}) * {{slot}};
    {% else %}
    const int32_t* _events = {{spikespace}};
    {% endif %}
    {% if has_since %}
    const int32_t _num_events = _step - {{delay_steps}} < {{since}} ? 0 : _events[{{n_spiking}}];
    {% else %}
    const int32_t _num_events = _events[{{n_spiking}}];
    {% endif %}
{%- endmacro %}
