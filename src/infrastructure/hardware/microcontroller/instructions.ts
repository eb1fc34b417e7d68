// Written by bench/instructions/fit.mjs from kernels.json.
import type { InstructionTable } from './counts.js';

/** Instructions by instruction set, kind of layer and type: counted on an emulated core. */
export const instructionCounts: InstructionTable = {
  'armv7e-m': {
    convolution: {
      float32: {
        perMac: 3.52,
        perElement: 84.86,
        perLayer: 0,
        mix: {
          taken: 0.07785,
          store: 0.03655,
          plain: 0.4352,
          branch: 0.07454,
          load: 0.2126,
          float: 0.1633,
        },
      },
      int8: {
        perMac: 2.656,
        perElement: 84.05,
        perLayer: 0,
        mix: {
          taken: 0.08374,
          store: 0.03064,
          plain: 0.5706,
          branch: 0.0842,
          load: 0.2308,
        },
      },
    },
    depthwise: {
      float32: {
        perMac: 3.747,
        perElement: 30.73,
        perLayer: 0,
        mix: {
          taken: 0.1033,
          store: 0.02392,
          plain: 0.3546,
          branch: 0.04754,
          load: 0.2396,
          float: 0.231,
        },
      },
      int8: {
        perMac: 1.923,
        perElement: 40.73,
        perLayer: 0,
        mix: {
          taken: 0.1014,
          store: 0.05138,
          plain: 0.5189,
          branch: 0.06293,
          load: 0.2654,
        },
      },
    },
    dense: {
      float32: {
        perMac: 6.262,
        perElement: 0,
        perLayer: 32.51,
        mix: {
          taken: 0.1593,
          plain: 0.1843,
          branch: 0.01022,
          store: 0.005108,
          load: 0.3236,
          float: 0.3175,
        },
      },
      int8: {
        perMac: 5.547,
        perElement: 0,
        perLayer: 84.14,
        mix: {
          taken: 0.1759,
          plain: 0.4226,
          branch: 0.02201,
          store: 0.005919,
          load: 0.3735,
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
        perElement: 10.93,
        perLayer: 259.2,
        mix: {
          taken: 0.08757,
          store: 0.02645,
          plain: 0.4469,
          branch: 0.07884,
          load: 0.1163,
          float: 0.244,
        },
      },
      int8: {
        perMac: 0,
        perElement: 10.34,
        perLayer: 294.9,
        mix: {
          taken: 0.08994,
          store: 0.04369,
          plain: 0.6712,
          branch: 0.08097,
          load: 0.1142,
        },
      },
    },
  },
  'armv6-m': {
    convolution: {
      float32: {
        perMac: 175.1,
        perElement: 254.3,
        perLayer: 0,
        mix: {
          taken: 0.07285,
          plain: 0.781,
          store: 0.0202,
          branch: 0.08473,
          load: 0.0412,
        },
      },
      int8: {
        perMac: 3.253,
        perElement: 173.6,
        perLayer: 0,
        mix: {
          taken: 0.04839,
          plain: 0.6335,
          store: 0.0713,
          branch: 0.04512,
          load: 0.2017,
        },
      },
    },
    depthwise: {
      float32: {
        perMac: 179.7,
        perElement: 82.83,
        perLayer: 0,
        mix: {
          taken: 0.07803,
          plain: 0.7842,
          store: 0.01806,
          branch: 0.08488,
          load: 0.03484,
        },
      },
      int8: {
        perMac: 0,
        perElement: 88.23,
        perLayer: 0,
        mix: {
          taken: 0.07172,
          plain: 0.6732,
          store: 0.03731,
          branch: 0.04264,
          load: 0.1751,
        },
      },
    },
    dense: {
      float32: {
        perMac: 185.1,
        perElement: 11.68,
        perLayer: 0,
        mix: {
          taken: 0.07773,
          plain: 0.7893,
          store: 0.01629,
          branch: 0.08691,
          load: 0.02981,
        },
      },
      int8: {
        perMac: 8.368,
        perElement: 0,
        perLayer: 345,
        mix: {
          taken: 0.115,
          plain: 0.6306,
          store: 0.01026,
          branch: 0.01356,
          load: 0.2305,
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
        perElement: 52.28,
        perLayer: 443.1,
        mix: {
          taken: 0.1237,
          plain: 0.6146,
          store: 0.06326,
          branch: 0.1089,
          load: 0.08959,
        },
      },
      int8: {
        perMac: 0,
        perElement: 16.56,
        perLayer: 509.8,
        mix: {
          taken: 0.05562,
          plain: 0.6249,
          store: 0.08612,
          branch: 0.1017,
          load: 0.1317,
        },
      },
    },
  },
};
