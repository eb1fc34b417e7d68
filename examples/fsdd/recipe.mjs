// What examples/fsdd.mjs compares.

/** Longer recordings are cut: one in fifty is. */
export const SECONDS = 0.8;

/** Of DS-CNN's 64 channels. */
export const WIDTH = 0.5;

const frontEnd = { kind: 'log-mel', sampleRate: 8000, nFft: 256, hop: 160, nMels: 24, fMin: 80, fMax: 3800 };
const training = { epochs: 10, batchSize: 64, learningRate: 0.01 };

export const ARMS = {
  plain: { frontEnd, training: { ...training, augment: [] } },
  recipe: {
    frontEnd: { ...frontEnd, level: 'peak' },
    training: {
      ...training,
      augment: [
        { name: 'speed', share: 0.2 },
        { name: 'time-shift', share: 0.1 },
        { name: 'noise', decibels: 10 },
        { name: 'spec-augment', share: 0.2 },
      ],
    },
  },
};
