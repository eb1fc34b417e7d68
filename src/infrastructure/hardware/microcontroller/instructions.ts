// Written by bench/instructions/fit.mjs from kernels.json.
import type { InstructionTable } from './counts.js';

/** Instructions by instruction set, kind of layer and type: counted on an emulated core. */
export const instructionCounts: InstructionTable = {
  'armv7e-m': {
    convolution: {
      float32: {
        perMac: 3.336,
        perElement: 60.31,
        perLayer: 1155,
        mix: {
          taken: 0.08655,
          store: 0.03282,
          plain: 0.4099,
          branch: 0.06689,
          load: 0.2233,
          float: 0.1805,
        },
      },
      int8: {
        perMac: 2.627,
        perElement: 54.86,
        perLayer: 1489,
        mix: {
          taken: 0.09404,
          store: 0.02706,
          plain: 0.5578,
          branch: 0.07656,
          load: 0.2445,
        },
      },
    },
    depthwise: {
      float32: {
        perMac: 4.24,
        perElement: 16.3,
        perLayer: 678.1,
        mix: {
          taken: 0.09407,
          store: 0.03189,
          plain: 0.3673,
          branch: 0.05342,
          load: 0.2316,
          float: 0.2217,
        },
      },
      int8: {
        perMac: 3.747,
        perElement: 14.77,
        perLayer: 1031,
        mix: {
          taken: 0.08946,
          store: 0.05653,
          plain: 0.5315,
          branch: 0.07241,
          load: 0.2501,
        },
      },
    },
    dense: {
      float32: {
        perMac: 6.113,
        perElement: 0,
        perLayer: 79.72,
        mix: {
          taken: 0.1618,
          plain: 0.1783,
          branch: 0.006798,
          store: 0.003399,
          load: 0.327,
          float: 0.3227,
        },
      },
      int8: {
        perMac: 5.225,
        perElement: 0,
        perLayer: 181,
        mix: {
          taken: 0.1837,
          plain: 0.4152,
          branch: 0.01492,
          store: 0.004116,
          load: 0.382,
        },
      },
    },
    elementwise: {
      float32: {
        perMac: 0,
        perElement: 6,
        perLayer: 12,
        mix: {
          taken: 0.1671,
          plain: 0.1676,
          branch: 0.0009141,
          load: 0.3329,
          float: 0.1658,
          store: 0.1658,
        },
      },
      int8: {
        perMac: 0,
        perElement: 19,
        perLayer: 19,
        mix: {
          taken: 0.05321,
          plain: 0.6836,
          store: 0.05263,
          branch: 0.105,
          load: 0.1056,
        },
      },
    },
    function: {
      float32: {
        perMac: 0,
        perElement: 56.87,
        perLayer: 11.06,
        mix: {
          taken: 0.125,
          store: 0.05288,
          plain: 0.1852,
          branch: 0.06127,
          load: 0.2161,
          float: 0.2429,
          floatMultiplyAdd: 0.0826,
          floatDivide: 0.03409,
        },
      },
      int8: {
        perMac: 0,
        perElement: 6,
        perLayer: 7,
        mix: {
          taken: 0.1665,
          plain: 0.3331,
          branch: 0.001691,
          load: 0.3331,
          store: 0.1657,
        },
      },
    },
    movement: {
      float32: {
        perMac: 0,
        perElement: 2.125,
        perLayer: 22,
        mix: {
          taken: 0.006308,
          plain: 0.07359,
          branch: 0.002523,
          load: 0.4601,
          store: 0.4575,
        },
      },
      int8: {
        perMac: 0,
        perElement: 0.526,
        perLayer: 24.09,
        mix: {
          taken: 0.02318,
          plain: 0.1175,
          branch: 0.009274,
          load: 0.4297,
          store: 0.4204,
        },
      },
    },
    pooling: {
      float32: {
        perMac: 0,
        perElement: 9.311,
        perLayer: 322.9,
        mix: {
          taken: 0.09265,
          store: 0.02382,
          plain: 0.4339,
          branch: 0.07106,
          load: 0.1183,
          float: 0.2602,
        },
      },
      int8: {
        perMac: 0,
        perElement: 8.362,
        perLayer: 367.4,
        mix: {
          taken: 0.09646,
          store: 0.03922,
          plain: 0.672,
          branch: 0.07399,
          load: 0.1183,
        },
      },
    },
  },
  'armv6-m': {
    convolution: {
      float32: {
        perMac: 171.2,
        perElement: 250.2,
        perLayer: 0,
        mix: {
          taken: 0.07332,
          plain: 0.7831,
          store: 0.01943,
          branch: 0.08542,
          load: 0.03877,
        },
      },
      int8: {
        perMac: 3.683,
        perElement: 96.04,
        perLayer: 4480,
        mix: {
          taken: 0.05431,
          plain: 0.6355,
          store: 0.06432,
          branch: 0.0414,
          load: 0.2045,
        },
      },
    },
    depthwise: {
      float32: {
        perMac: 175.6,
        perElement: 73.51,
        perLayer: 1265,
        mix: {
          taken: 0.07707,
          plain: 0.7821,
          store: 0.01912,
          branch: 0.08547,
          load: 0.03629,
        },
      },
      int8: {
        perMac: 6.936,
        perElement: 16.68,
        perLayer: 2487,
        mix: {
          taken: 0.06547,
          plain: 0.6894,
          store: 0.04004,
          branch: 0.04152,
          load: 0.1636,
        },
      },
    },
    dense: {
      float32: {
        perMac: 184.8,
        perElement: 11.86,
        perLayer: 171.8,
        mix: {
          taken: 0.07816,
          plain: 0.7894,
          store: 0.01617,
          branch: 0.08652,
          load: 0.02971,
        },
      },
      int8: {
        perMac: 7.509,
        perElement: 0,
        perLayer: 582.1,
        mix: {
          taken: 0.1232,
          plain: 0.6131,
          store: 0.007303,
          branch: 0.009627,
          load: 0.2468,
        },
      },
    },
    elementwise: {
      float32: {
        perMac: 0,
        perElement: 76.53,
        perLayer: 41.8,
        mix: {
          taken: 0.1383,
          plain: 0.7251,
          store: 0.02616,
          branch: 0.06124,
          load: 0.04924,
        },
      },
      int8: {
        perMac: 0,
        perElement: 41,
        perLayer: 34,
        mix: {
          taken: 0.02467,
          plain: 0.8532,
          store: 0.02447,
          branch: 0.04867,
          load: 0.049,
        },
      },
    },
    function: {
      float32: {
        perMac: 0,
        perElement: 2248,
        perLayer: 0,
        mix: {
          taken: 0.09804,
          plain: 0.7728,
          store: 0.01326,
          branch: 0.09592,
          load: 0.01995,
        },
      },
      int8: {
        perMac: 0,
        perElement: 8,
        perLayer: 6,
        mix: {
          taken: 0.1252,
          plain: 0.4994,
          branch: 0.001271,
          load: 0.2497,
          store: 0.1245,
        },
      },
    },
    movement: {
      float32: {
        perMac: 0,
        perElement: 3.25,
        perLayer: 43,
        mix: {
          taken: 0.07831,
          plain: 0.3222,
          branch: 0.003274,
          load: 0.2985,
          store: 0.2977,
        },
      },
      int8: {
        perMac: 0,
        perElement: 0.8125,
        perLayer: 45,
        mix: {
          taken: 0.08145,
          plain: 0.3641,
          branch: 0.01178,
          load: 0.2728,
          store: 0.2699,
        },
      },
    },
    pooling: {
      float32: {
        perMac: 0,
        perElement: 49.34,
        perLayer: 583.2,
        mix: {
          taken: 0.1254,
          plain: 0.6144,
          store: 0.06101,
          branch: 0.1119,
          load: 0.08725,
        },
      },
      int8: {
        perMac: 0,
        perElement: 13.47,
        perLayer: 619,
        mix: {
          taken: 0.05957,
          plain: 0.6313,
          store: 0.07855,
          branch: 0.1015,
          load: 0.1291,
        },
      },
    },
  },
};
