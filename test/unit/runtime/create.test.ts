import assert from 'node:assert/strict';
import { messageOfRuntime } from '../../../src/runtime/create.js';

describe('What ONNX Runtime says of a graph', () => {
  it('is told without the places and functions of its own source', () => {
    const said: readonly (readonly [said: string, told: string])[] = [
      [
        "Non-zero status code returned while running MatMul node. Name:'/q/MatMul' Status Message: /onnxruntime_src/onnxruntime/core/framework/op_kernel.cc:83 virtual OrtValue* onnxruntime::OpKernelContext::OutputMLValue(int, const onnxruntime::TensorShape&) status.IsOK() was false. Shapes differ",
        "MatMul node. Name:'/q/MatMul' Status Message: status.IsOK() was false. Shapes differ",
      ],
      [
        '/onnxruntime_src/onnxruntime/core/common/safeint.h:17 static void onnxruntime::SafeIntExceptionHandler<onnxruntime::OnnxRuntimeException>::SafeIntOnOverflow() Integer overflow',
        'Integer overflow',
      ],
      [
        '[ShapeInferenceError] Incompatible dimensions\nsecond line',
        '[ShapeInferenceError] Incompatible dimensions',
      ],
    ];
    for (const [words, told] of said) assert.equal(messageOfRuntime(new Error(words)), told);
  });

  it('is cut where it is no sentence any more', () => {
    const told = messageOfRuntime(new Error('x'.repeat(1_000_000)));
    assert.equal(told.length, 401);
    assert.ok(told.endsWith('…'));
  });
});
