// States of resources in the shape of the real ones, with values of our own.
// Each call makes a new object; `changes` are merged in, objects deeply.

const isObject = (value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

export function merged (base, changes = {}) {
  const result = { ...base }
  for (const [name, value] of Object.entries(changes)) {
    result[name] = isObject(value) && isObject(base[name])
      ? merged(base[name], value)
      : value
  }
  return result
}

const common = (type, id, rest) => ({
  id,
  type,
  resourceUri: `/${type}s/${id}`,
  generation: 1,
  createdAt: '2026-03-02T08:00:00.000000+00:00',
  updatedAt: '2026-03-02T08:00:00.000000+00:00',
  ...rest
})

export const SERVER_ID = 'P12345-B21+TEST000001'

export const server = (changes) => merged(
  common('compute-ops/server', SERVER_ID, {
    name: 'ESX-1.handsonlab.local',
    platformFamily: 'PROLIANT',
    hardware: {
      serialNumber: 'TEST000001',
      productId: 'P12345-B21',
      model: 'ProLiant DL380 Gen11',
      powerState: 'ON',
      indicatorLed: 'OFF',
      health: { summary: 'OK', healthLED: 'OK', fans: 'OK', memory: 'OK' },
      bmc: { mac: '02:00:00:00:00:01', ip: '192.0.2.10', hostname: 'ilo-1' }
    },
    state: { managed: true, connected: true, subscriptionState: 'SUBSCRIBED' },
    firmwareInventory: [
      { name: 'iLO 6', version: '1.55', deviceContext: 'System Board' }
    ],
    softwareInventory: [],
    host: { hostname: 'ESX-1.handsonlab.local', osName: 'ESXi', osType: 25 },
    tags: { Location: 'Lab', Application: 'Hypervisor' },
    autoIloFwUpdate: true
  }), changes)

export const group = (changes) => merged(
  common('compute-ops/group', 'group-1', {
    name: 'Lab',
    description: 'Servers of the lab',
    platformFamily: 'PROLIANT',
    autoFwUpdateOnAdd: false,
    groupComplianceStatus: 'COMPLIANT',
    devices: [{ serial: 'TEST000001', state: 'ACTIVE' }],
    serverSettingsUris: []
  }), changes)

export const alert = (changes) => merged(
  common('compute-ops-mgmt/alert', 'alert-1', {
    serverId: SERVER_ID,
    severity: 'CRITICAL',
    category: 'Power',
    message: 'A power supply has failed.',
    cleared: false
  }), changes)

export const job = (changes) => merged(
  common('compute-ops-mgmt/job', 'job-1', {
    name: 'FirmwareUpdate.New',
    state: 'PENDING',
    resultCode: null,
    status: 'Pending',
    data: {}
  }), changes)

export const bundle = (changes) => merged(
  common('compute-ops-mgmt/firmware-bundle', 'bundle-1', {
    name: 'Service pack 2026.03.00.00',
    bundleType: 'BASE',
    releaseVersion: '2026.03.00.00',
    advisories: 'None.',
    isActive: false
  }), changes)

export const setting = (changes) => merged(
  common('compute-ops/server-setting', 'setting-1', {
    name: 'Quiet fans',
    category: 'BIOS',
    platformFamily: 'PROLIANT',
    settings: { DEFAULT: { thermal: 'OptimalCooling' } }
  }), changes)

export const compliance = (changes) => merged(
  common('compute-ops/group/compliance', 'compliance-1', {
    groupId: 'group-1',
    serverId: SERVER_ID,
    complianceCategory: 'FIRMWARE',
    complianceStatus: 'COMPLIANT',
    deviations: []
  }), changes)
