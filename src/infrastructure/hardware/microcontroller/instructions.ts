// Written by bench/instructions/fit.mjs from kernels.json.
import type { InstructionTable } from './counts.js';

/** Instructions by instruction set, kind of layer and type: counted on an emulated core. */
export const instructionCounts: InstructionTable = {
  'armv7e-m': {
    convolution: {
      float32: {
        perMac: 7.243,
        perElement: 92.4,
        perLayer: 0,
        mix: {
          taken: 0.1032,
          store: 0.02478,
          plain: 0.365,
          branch: 0.05214,
          load: 0.2421,
          float: 0.2128,
        },
      },
      int8: {
        perMac: 6.241,
        perElement: 94.45,
        perLayer: 0,
        mix: {
          taken: 0.1143,
          store: 0.01984,
          plain: 0.5347,
          branch: 0.06123,
          load: 0.2699,
        },
      },
    },
    pointwise: {
      float32: {
        perMac: 7.023,
        perElement: 13.98,
        perLayer: 86.55,
        mix: {
          taken: 0.1073,
          store: 0.01768,
          plain: 0.3397,
          branch: 0.03537,
          load: 0.2348,
          float: 0.2652,
        },
      },
      int8: {
        perMac: 6.03,
        perElement: 20.95,
        perLayer: 100.1,
        mix: {
          taken: 0.106,
          store: 0.0181,
          plain: 0.574,
          branch: 0.06875,
          load: 0.2332,
        },
      },
    },
    depthwise: {
      float32: {
        perMac: 6.895,
        perElement: 32.95,
        perLayer: 140.1,
        mix: {
          taken: 0.107,
          store: 0.02248,
          plain: 0.3445,
          branch: 0.04451,
          load: 0.2456,
          float: 0.2359,
        },
      },
      int8: {
        perMac: 6.103,
        perElement: 45.56,
        perLayer: 105.5,
        mix: {
          taken: 0.1065,
          store: 0.04921,
          plain: 0.5122,
          branch: 0.05916,
          load: 0.2729,
        },
      },
    },
    dense: {
      float32: {
        perMac: 6,
        perElement: 9,
        perLayer: 15,
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
        perMac: 5,
        perElement: 22,
        perLayer: 19,
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
          taken: 0.1415,
          store: 0.05288,
          plain: 0.1676,
          branch: 0.06232,
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
          taken: 0.03616,
          plain: 0.04121,
          branch: 0.005046,
          load: 0.4601,
          store: 0.4575,
        },
      },
      int8: {
        perMac: 0,
        perElement: 0.526,
        perLayer: 24.09,
        mix: {
          taken: 0.05564,
          plain: 0.07264,
          branch: 0.02164,
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
        perMac: 186.9,
        perElement: 252.7,
        perLayer: 0,
        mix: {
          taken: 0.07503,
          plain: 0.7846,
          store: 0.0181,
          branch: 0.08719,
          load: 0.03508,
        },
      },
      int8: {
        perMac: 10.25,
        perElement: 209.9,
        perLayer: 0,
        mix: {
          taken: 0.0664,
          plain: 0.6396,
          store: 0.04994,
          branch: 0.03391,
          load: 0.2101,
        },
      },
    },
    pointwise: {
      float32: {
        perMac: 187.1,
        perElement: 34.07,
        perLayer: 0,
        mix: {
          taken: 0.08463,
          plain: 0.7746,
          store: 0.01823,
          branch: 0.08859,
          load: 0.03391,
        },
      },
      int8: {
        perMac: 10.04,
        perElement: 69.91,
        perLayer: 152.1,
        mix: {
          taken: 0.06198,
          plain: 0.7579,
          store: 0.02388,
          branch: 0.03054,
          load: 0.1257,
        },
      },
    },
    depthwise: {
      float32: {
        perMac: 186.7,
        perElement: 107.3,
        perLayer: 178.1,
        mix: {
          taken: 0.07822,
          plain: 0.7826,
          store: 0.01789,
          branch: 0.08704,
          load: 0.0342,
        },
      },
      int8: {
        perMac: 9.181,
        perElement: 98.5,
        perLayer: 215.9,
        mix: {
          taken: 0.07426,
          plain: 0.6684,
          store: 0.03629,
          branch: 0.04116,
          load: 0.1799,
        },
      },
    },
    dense: {
      float32: {
        perMac: 186.4,
        perElement: 0,
        perLayer: 156.3,
        mix: {
          taken: 0.07921,
          plain: 0.7864,
          store: 0.01617,
          branch: 0.08856,
          load: 0.02971,
        },
      },
      int8: {
        perMac: 7,
        perElement: 72,
        perLayer: 33,
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
          taken: 0.1421,
          plain: 0.7137,
          store: 0.02616,
          branch: 0.06884,
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
          taken: 0.09911,
          plain: 0.7703,
          store: 0.01326,
          branch: 0.09742,
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
          taken: 0.1259,
          plain: 0.6119,
          store: 0.06101,
          branch: 0.114,
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
