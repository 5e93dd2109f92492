// What can be chosen on the page of a run.  Bokeh calls this when its document is ready, with its models as `args`.
export default ({x_range, spikes, chosen, shown, marks, store, rows, names, epochs, dt, start}) => {
  const at = (id) => document.getElementById(id)
  const [sample, layer, neuron, note] = ["sample", "layer", "neuron", "note"].map(at)
  // plain arrays: those of Bokeh have no parts
  for (const of_level of store)
    for (const [name, values] of Object.entries(of_level.values)) of_level.values[name] = new Float32Array(values)
  const FAR = 3 // times the range of the membrane potential: a threshold beyond that is not drawn

  function show_sample() {
    const wanted = sample.value === "" ? null : Number(sample.value)
    const inside = [...epochs.sample.keys()].filter((k) => wanted === null || epochs.sample[k] === wanted)
    const from = Math.min(...inside.map((k) => epochs.x0[k])), to = Math.max(...inside.map((k) => epochs.x1[k]))
    const edge = 0.006*(to - from) // that the spikes of the first step are seen
    const last = to - dt/2 // the next step is the first one of another sample
    x_range.setv({start: from - edge, end: last, reset_start: from - edge, reset_end: last})
    for (const one of document.querySelectorAll("[data-sample]"))
      one.hidden = wanted !== null && Number(one.dataset.sample) !== wanted
  }

  // The words above stimulus epochs, where there is room for them.
  function show_names() {
    const width = names.glyph_width ?? 900
    const narrowest = Math.min(...[...epochs.x0.keys()].map((k) => epochs.x1[k] - epochs.x0[k]))
    names.visible = narrowest/(x_range.end - x_range.start)*width > 52
  }

  function of_layer() {
    return store[Number(layer.value) - 1]
  }

  // Spikes of each neuron of a layer, of the samples that are chosen.
  function counts(level) {
    const found = new Map(), {i, t} = spikes[level].data, {reset_start, reset_end} = x_range
    for (let k = 0; k < i.length; k++)
      if (t[k] >= reset_start && t[k] < reset_end) found.set(i[k], (found.get(i[k]) ?? 0) + 1)
    return found
  }

  // The neurons of a layer; the one with most spikes, unless `wanted` says which.
  function show_layer(wanted) {
    const {neurons, level} = of_layer(), found = counts(level)
    const of = (i) => found.get(i) ?? 0
    neuron.replaceChildren(...[...neurons].map((i) => new Option(`${i}  (${of(i)} spike${of(i) === 1 ? "" : "s"})`, i)))
    const first = [...neurons].reduce((a, b) => of(b) > of(a) ? b : a, neurons[0])
    neuron.value = wanted ?? first
    show_neuron()
  }

  function show_neuron() {
    const {neurons, level, values} = of_layer(), index = Number(neuron.value)
    const place = [...neurons].indexOf(index)
    const {t} = shown.data, steps = t.length
    const nothing = new Float32Array(steps).fill(NaN)
    const curve = (name) => place < 0 ? nothing : values[name]?.subarray(place*steps, (place + 1)*steps) ?? nothing
    const data = {t}
    for (const name of Object.keys(shown.data)) if (name !== "t") data[name] = curve(name)
    for (const [name, row] of Object.entries(rows)) row.visible = name in values
    const times = [...spikes[level].data.t].filter((_, k) => spikes[level].data.i[k] === index)
    const said = place < 0 ? ["no neuron of this layer was recorded"] : []
    const membrane = Object.keys(rows)[0]
    if ("threshold" in data) said.push(...far_threshold(data, membrane))
    const in_sample = (values) => values.filter((_, k) => t[k] >= x_range.reset_start && t[k] < x_range.reset_end)
    const inside = in_sample(data[membrane])
    const high = highest(inside), low = -highest(inside.map((v) => -v))
    const top = Math.max(high, "threshold" in data ? highest(in_sample(data.threshold)) : high)
    marks.data = {t: times, y: times.map(() => top + 0.12*(top - low || 1))}
    shown.data = data
    chosen.forEach((line, k) => { line.location = index; line.visible = k === level })
    note.textContent = said.join("; ")
  }

  function highest(values) {
    let found = -Infinity
    for (const v of values) if (v > found) found = v
    return found
  }

  function far_threshold(data, membrane) {
    const high = highest(data[membrane]), low = -highest(data[membrane].map((v) => -v))
    const least = -highest(data.threshold.map((v) => -v)), most = highest(data.threshold)
    const span = high - low || Math.abs(least - high) || 1
    if (!(least > high + FAR*span || most < low - FAR*span)) return []
    data.threshold = new Float32Array(data.t.length).fill(NaN)
    return [`threshold far ${least > high ? "above" : "below"}, at ${least.toPrecision(4)}`]
  }

  // A click on a spike chooses its neuron.
  spikes.forEach((source, level) => source.selected.properties.indices.change.connect(() => {
    const [k] = source.selected.indices
    if (k === undefined || level === 0) return
    const i = source.data.i[k]
    if ([...store[level - 1].neurons].includes(i)) {
      layer.value = level
      show_layer(i)
    } else {
      note.textContent = `variables of neuron ${i} of layer ${level} are not in this page: brianff report --neurons ${i}`
    }
  }))

  sample.onchange = () => {
    show_sample()
    show_layer(neuron.value)
  }
  layer.onchange = () => show_layer()
  neuron.onchange = show_neuron
  x_range.change.connect(show_names)
  layer.value = store[0].level
  if (start !== null) sample.value = start
  show_sample()
  show_names()
  show_layer()
}
