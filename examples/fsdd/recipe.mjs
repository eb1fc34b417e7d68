// What examples/fsdd.mjs compares.

/** Longer recordings are cut: one in fifty is. */
export const SECONDS = 0.8;

/** Of DS-CNN's 64 channels. */
export const WIDTH = 0.5;

const frontEnd = { kind: 'log-mel', sampleRate: 8000, nFft: 256, hop: 160, nMels: 24, fMin: 80, fMax: 3800 };
const training = { batchSize: 32, learningRate: 0.008 };

/** Both arms are trained as long: longer on the official split, which is one training instead of six. */
export const EPOCHS = { official: 16, leftOut: 8 };

export const ARMS = {
  plain: { frontEnd, training: { ...training, augment: [] } },
  recipe: {
    frontEnd: { ...frontEnd, level: 'peak' },
    training: { ...training, augment: [{ name: 'speed', share: 0.15 }] },
  },
};
