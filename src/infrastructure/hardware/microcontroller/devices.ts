import type { MicrocontrollerProfile } from './schema.js';

/** Sizes, clocks and currents by data sheets. RAM is the largest that is in one piece, as an arena needs it; currents are those of running code with peripherals off. */
export const microcontrollers: readonly MicrocontrollerProfile[] = [
  {
    kind: 'microcontroller',
    name: 'stm32f4',
    title: 'STMicroelectronics STM32F407VG (Cortex-M4, 168 MHz)',
    source:
      'STM32F405/407 data sheet (DS8626): 168 MHz, 1 MiB of flash, 192 KiB of RAM, of which 128 KiB in one piece count here (the other 64 are beside the core); 238 µA/MHz from flash with its accelerator at 168 MHz (product page of the STM32F407/417), at 3.3 V',
    core: 'cortex-m4',
    clockHertz: 168e6,
    memoryBytes: 128 * 1024,
    storageBytes: 2 ** 20,
    microamperesPerMegahertz: 238,
    volts: 3.3,
  },
  {
    kind: 'microcontroller',
    name: 'stm32h7',
    title: 'STMicroelectronics STM32H743 (Cortex-M7, 480 MHz)',
    source:
      'STM32H743 data sheet (DS12110): 480 MHz, 2 MiB of flash, 1 MiB of RAM, of which 512 KiB in one piece (AXI) count here; 275 µA/MHz, which is 110 mA at 400 MHz and taken to hold at 480, at 3.3 V',
    core: 'cortex-m7',
    clockHertz: 480e6,
    memoryBytes: 512 * 1024,
    storageBytes: 2 * 2 ** 20,
    microamperesPerMegahertz: 275,
    volts: 3.3,
  },
  {
    kind: 'microcontroller',
    name: 'rp2040',
    title: 'Raspberry Pi RP2040 (Cortex-M0+, 133 MHz)',
    source:
      'RP2040 data sheet: one of two cores at 133 MHz, 264 KiB of RAM in one piece; 2 MiB of flash as on the Raspberry Pi Pico (its data sheet). 180 µA/MHz (24 mA) is assumed: the data sheet has currents of demonstrations only',
    core: 'cortex-m0plus',
    clockHertz: 133e6,
    memoryBytes: 264 * 1024,
    storageBytes: 2 * 2 ** 20,
    microamperesPerMegahertz: 180,
    volts: 3.3,
  },
  {
    kind: 'microcontroller',
    name: 'nrf52840',
    title: 'Nordic nRF52840 (Cortex-M4, 64 MHz)',
    source:
      'nRF52840 product specification: 64 MHz, 256 KiB of RAM, 1 MiB of flash; 52 µA/MHz (3.3 mA) from flash with the DC/DC converter, at 3 V',
    core: 'cortex-m4',
    clockHertz: 64e6,
    memoryBytes: 256 * 1024,
    storageBytes: 2 ** 20,
    microamperesPerMegahertz: 52,
    volts: 3,
  },
];
