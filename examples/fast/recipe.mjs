// The quickest training that was found, as plain data: what fast-cifar10.mjs runs and pytorch.py runs after it.
export const RECIPE = {
  architecture: { name: 'fast-cnn', width: 0.5 },
  training: {
    epochs: 13,
    batchSize: 256,
    optimizer: { kind: 'sgd', momentum: 0.85, nesterov: true },
    learningRate: 0.5,
    schedule: { kind: 'linear', warmup: 0.2 },
    weightDecay: 5e-4,
    labelSmoothing: 0.2,
    augment: [
      { name: 'flip', alternate: true },
      { name: 'crop', pixels: 2, padding: 'reflect' },
    ],
    // The whitening filters stay, and so do the scales behind which ReLU makes any scale the same.
    freeze: ['conv1.weight', '*.scale'],
    // Shifts decide which half of the images a unit answers to; they may move faster than kernels.
    rateFactors: [{ match: '*.shift', factor: 16 }],
  },
};
