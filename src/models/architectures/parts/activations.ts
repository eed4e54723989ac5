import type { Value } from '../../../engine/graph.js';
import {
  gelu,
  inverseSquareRoot,
  multiply,
  negate,
  normalDistribution,
  oneMinus,
  relu,
  scale,
  sigmoid,
  silu,
  subtract,
  tanh,
} from '../../../engine/ops/index.js';

/**
 * What `hidden_act` may be, as transformers' ACT2FN has it; gelu_new is the tanh form. Those with parameters of their own (prelu, xielu)
 * are left out.
 */
export const activations = {
  gelu: (value: Value) => gelu(value, 'erf'),
  gelu_python: (value: Value) => gelu(value, 'erf'),
  gelu_new: (value: Value) => gelu(value, 'tanh'),
  gelu_fast: (value: Value) => gelu(value, 'tanh'),
  gelu_accurate: (value: Value) => gelu(value, 'tanh'),
  gelu_pytorch_tanh: (value: Value) => gelu(value, 'tanh'),
  gelu_python_tanh: (value: Value) => gelu(value, 'tanh'),
  // It is never below −10.
  gelu_10: (value: Value) => atMost(gelu(value, 'erf'), 10),
  quick_gelu: (value: Value) => multiply(value, sigmoid(scale(value, 1.702, '1.702'))),
  relu,
  relu2: (value: Value) => multiply(relu(value), relu(value)),
  relu6: (value: Value) => atMost(relu(value), 6),
  leaky_relu: (value: Value) => subtract(relu(value), scale(relu(negate(value)), 0.01, '0.01')),
  silu,
  swish: silu,
  hardswish: (value: Value) =>
    scale(multiply(value, atMost(relu(less(value, -3)), 6)), 1 / 6, '\\frac{1}{6}'),
  mish,
  tanh,
  sigmoid,
  linear: (value: Value) => value,
  // Φ((x − μ) / σ) with μ = √½ and σ = √(1 / 4π) (Ma et al. 2022, MEGA).
  // oxlint-disable-next-line oxc/approx-constant -- the digits that transformers has
  laplace: (value: Value) => normalDistribution(scale(less(value, 0.707107), 1 / 0.282095, '\\sigma^{-1}')),
} as const;

export type Activation = keyof typeof activations;

/** x − c = −c (1 − x / c) */
function less(value: Value, by: number): Value {
  return scale(oneMinus(scale(value, 1 / by, String(1 / by))), -by, String(-by));
}

/** min(x, c) = x − relu(x − c): what is smaller stays exactly as it is. */
function atMost(value: Value, most: number): Value {
  return subtract(value, relu(less(value, most)));
}

/**
 * x · tanh(ln(1 + eˣ)) (Misra 2019). With s = σ(x) and q = 1 − s, the second factor is (1 − q²) / (1 + q²) = s (2 − s) / (1 + q²),
 * in which nothing cancels out.
 */
function mish(value: Value): Value {
  const s = sigmoid(value);
  const q = oneMinus(s);
  const root = inverseSquareRoot(multiply(q, q), 1); // (1 + q²)^−½
  const above = scale(multiply(s, oneMinus(scale(s, 0.5, '\\frac{1}{2}'))), 2, '2');
  return multiply(value, multiply(above, multiply(root, root)));
}
