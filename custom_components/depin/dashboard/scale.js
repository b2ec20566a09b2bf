// From figures to places in a drawing, and the round figures beside it.

/** Map a span of figures to a span of places. */
export function scaleOf([low, high], [from, to]) {
  const span = high - low || 1;
  return (value) => from + ((value - low) / span) * (to - from);
}

/** Return round figures, about as many as wanted, that a span of figures lies between. */
export function ticksOf([low, high], wanted) {
  const rough = (high - low || Math.abs(high) || 1) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  return Array.from({ length: last - first + 1 }, (_, number) => (first + number) * step);
}

/** Return a function that says how many digits round figures need. */
export function digitsOf(ticks) {
  const step = ticks[1] - ticks[0];
  return Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
}
