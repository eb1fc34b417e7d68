import type { SessionSettings } from './protocol.js';

const FATAL = 4;
/** Of MatMulNBits' accuracy levels the one that computes in 32-bit floats. */
const FLOAT32 = '1';

/** The session options that ONNX Runtime's packages share. */
export function sessionOptions(settings: SessionSettings) {
  const { backend, threads, spinning, optimize, simulateQuantization, floatProducts, frugal, resident, onCpu } = settings;
  const entries = {
    intra_op: { allow_spinning: spinning ? '1' : '0' },
    ...(simulateQuantization && { disable_quant_qdq: '1' }),
    ...(floatProducts && { qdq_matmulnbits_accuracy_level: FLOAT32 }),
  };
  return {
    executionProviders: [onCpu.length > 0 ? ({ name: 'webgpu', forceCpuNodeNames: [...onCpu] } as const) : backend],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: optimize === 'none' ? 'disabled' : optimize,
    // The plan of a first run's memory is laid out beside that memory, and both are kept: a training step, whose activations live until the
    // backward pass, then holds nearly twice as much and is no faster.
    enableMemPattern: Object.keys(resident).length === 0,
    logSeverityLevel: FATAL,
    extra: { session: entries, ...(frugal && { optimization: { disable_specified_optimizers: 'CommonSubexpressionElimination' } }) },
  } as const;
}
